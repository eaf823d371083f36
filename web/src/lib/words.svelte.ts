// What the console says, in English or Japanese. Each page has its words in a
// table of its own beside it: words({ en: {…}, ja: {…} }) gives a function that
// says them.

export type Language = 'en' | 'ja'
type Fill = Record<string, string | number>

class Chosen {
  language: Language = $state(first())
}

function first (): Language {
  const kept = localStorage.getItem('magpie-language')
  if (kept === 'en' || kept === 'ja') return kept
  return navigator.language.startsWith('ja') ? 'ja' : 'en'
}

export const chosen = new Chosen()

/** Changes the language, for this browser and from now on. */
export function speak (language: Language): void {
  chosen.language = language
  localStorage.setItem('magpie-language', language)
}

/** Gives a function that says a text of the table, with {name} filled in. */
export function words<T extends Record<string, string>> (table: { en: T, ja: { [K in keyof T]: string } }): (key: keyof T & string, fill?: Fill) => string {
  return (key, fill = {}) => (table[chosen.language][key] as string).replace(/\{(\w+)\}/g, (whole, name: string) => String(fill[name] ?? whole))
}
