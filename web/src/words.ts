import { words } from './lib/words.svelte'

export const say = words({
  en: {
    wait: 'One moment …',
    door: 'Sign in to upload, and to see your media.',
    signIn: 'Sign in',
    noAccount: 'No account yet? Whoever runs this server makes one:',
    late: 'Signing in took too long, or your browser keeps no cookies. Please try again.',
    denied: 'Signing in was called off.',
    refused: 'Signing in did not work. The log of the server says why.',
    signInAway: 'Signing in is not possible just now. Please try again in a moment.',
    away: 'The server gives no answer.',
    again: 'Try again',
    notLoaded: 'This page could not be loaded. Reload it; the server may have been upgraded.',
    nothing: 'There is nothing here.',
    library: 'Library',
    upload: 'Upload',
    analytics: 'Analytics',
    operator: 'Operation',
    reference: 'API reference',
    signOut: 'Sign out',
    signedOut: 'You are signed out.',
    unsaved: 'What you have not saved is still here. Sign in in another tab, then go on.',
    notOut: 'You are still signed in: the server did not end it. Please try again.',
    signedIn: 'Signed in as {name}',
    language: 'Language',
    theme: 'Colours',
    auto: 'As the system',
    light: 'Light',
    dark: 'Dark',
    pages: 'Pages'
  },
  ja: {
    wait: '少々お待ちください…',
    door: 'サインインすると、アップロードとメディアの管理ができます。',
    signIn: 'サインイン',
    noAccount: 'アカウントがない場合は、サーバーの管理者が作成します:',
    late: 'サインインに時間がかかりすぎたか、ブラウザーで Cookie が無効になっています。もう一度お試しください。',
    denied: 'サインインは取り消されました。',
    refused: 'サインインできませんでした。理由はサーバーのログに記録されています。',
    signInAway: '現在サインインできません。しばらくしてからもう一度お試しください。',
    away: 'サーバーから応答がありません。',
    again: 'もう一度試す',
    notLoaded: 'このページを読み込めませんでした。再読み込みしてください。サーバーが更新された可能性があります。',
    nothing: 'ここには何もありません。',
    library: 'ライブラリ',
    upload: 'アップロード',
    analytics: 'アナリティクス',
    operator: '運用',
    reference: 'API リファレンス',
    signOut: 'サインアウト',
    signedOut: 'サインアウトされています。',
    unsaved: '保存していない内容はこのページに残っています。別のタブでサインインしてから続けてください。',
    notOut: 'サインアウトできませんでした。サインインしたままです。もう一度お試しください。',
    signedIn: '{name} としてサインイン中',
    language: '言語',
    theme: '配色',
    auto: 'システムに合わせる',
    light: 'ライト',
    dark: 'ダーク',
    pages: 'ページ'
  }
})

/** The word for why signing in did not work, as the server names it in the address. */
export function refusal (why: string | null): 'late' | 'denied' | 'refused' | 'signInAway' | undefined {
  switch (why) {
    case 'late': case 'denied': case 'refused': return why
    case 'away': return 'signInAway'
  }
  return undefined
}
