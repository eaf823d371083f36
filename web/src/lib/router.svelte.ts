// Where in the console one is: the path below /console, and the query.

class Place {
  path = $state('')
  query = $state.raw(new URLSearchParams())
}

export const place = new Place()

let at = '' // the address of the page that is shown
const held = new Set<() => string>()

/** Has leaving the page ask first, as long as words gives any to ask with. Gives what ends that. */
export function hold (words: () => string): () => void {
  const unload = (e: BeforeUnloadEvent): void => { if (words() !== '') e.preventDefault() }
  held.add(words)
  addEventListener('beforeunload', unload)
  return () => {
    held.delete(words)
    removeEventListener('beforeunload', unload)
  }
}

function asks (): string | undefined {
  return [...held].map((h) => h()).find((w) => w !== '')
}

/** Whether something of the page is lost when one leaves it. */
export function holds (): boolean { return asks() !== undefined }

/** Asks, where something is lost by it, whether the page may be left. */
export function may (): boolean {
  const words = asks()
  return words === undefined || confirm(words)
}

function look (): void {
  at = location.href
  place.path = location.pathname.replace(/^\/console\/?/, '').replace(/\/$/, '')
  place.query = new URLSearchParams(location.search)
}

/** Starts to follow the browser's address and the links within the console. */
export function follow (): void {
  look()
  addEventListener('popstate', () => {
    if (location.href === at || may()) look()
    else history.pushState(null, '', at) // the browser has gone already
  })
  addEventListener('click', (e) => {
    const a = e.target instanceof Element ? e.target.closest('a') : null
    if (a === null || e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return
    const to = new URL(a.href, location.href)
    if (to.origin !== location.origin || !/^\/console(\/|$)/.test(to.pathname) || a.hasAttribute('download') || a.target !== '') return
    if (to.pathname.startsWith('/console/sign-in')) return
    e.preventDefault()
    go(to.pathname + to.search)
  })
}

/** Goes to a path such as /console/library. */
export function go (to: string, replace = false): void {
  if (!replace && !may()) return
  history[replace ? 'replaceState' : 'pushState'](null, '', to)
  look()
  if (!replace) {
    scrollTo(0, 0)
    document.querySelector<HTMLElement>('main')?.focus() // a screen reader begins with the new page
  }
}
