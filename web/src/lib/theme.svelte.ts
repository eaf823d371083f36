// Light, dark, or whatever the system has.

export type Theme = 'auto' | 'light' | 'dark'

class Chosen {
  theme: Theme = $state(first())
}

function first (): Theme {
  const kept = localStorage.getItem('magpie-theme')
  return kept === 'light' || kept === 'dark' ? kept : 'auto'
}

export const look = new Chosen()

/** Shows a theme, from now on. */
export function show (theme: Theme): void {
  look.theme = theme
  localStorage.setItem('magpie-theme', theme)
  paint()
}

/** Has the page look as it was chosen. */
export function paint (): void {
  if (look.theme === 'auto') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = look.theme
}
