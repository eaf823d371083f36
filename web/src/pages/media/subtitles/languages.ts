// Languages of subtitles, with names for them.

const common = 'ar bg bn ca cs da de el en es et fa fi fil fr ga gu he hi hr hu id is it ja kn ko lt lv ml mr ms mt nb nl pa pl pt pt-BR ro ru sk sl sq sr sv sw ta te th tr uk ur vi yue zh-Hans zh-Hant'.split(' ')

/** The usual ones, named and sorted in a language. */
export function usual (language: string): Array<{ tag: string, name: string }> {
  return common.map((tag) => ({ tag, name: nameOf(tag, language) })).sort((a, b) => a.name.localeCompare(b.name, language))
}

/** The name of a language in a language, or its tag where it has none. */
export function nameOf (tag: string, language: string): string {
  try {
    return new Intl.DisplayNames(language, { type: 'language' }).of(tag) ?? tag
  } catch {
    return tag
  }
}

/** What a language calls itself, as menus of players show it. */
export function ownName (tag: string): string {
  const name = nameOf(tag, tag)
  return name.charAt(0).toLocaleUpperCase(tag) + name.slice(1)
}

/** Whether the server takes a tag: two letters, or a well-formed one of BCP 47, of at most 35 characters. */
export function isTag (tag: string): boolean {
  if (/^[a-z]{2}$/i.test(tag)) return true
  try {
    return tag.length <= 35 && Intl.getCanonicalLocales(tag.replaceAll('_', '-')).length === 1
  } catch {
    return false
  }
}

/** Whether two tags are one language for the server. */
export function sameTag (a: string, b: string): boolean {
  return a.replaceAll('_', '-').toLowerCase() === b.replaceAll('_', '-').toLowerCase()
}

/** The language that a file's name ends in, such as holiday.en.srt; '' for none. */
export function ofFile (name: string): string {
  const found = /[._-]([a-z]{2,3}(?:[-_][a-z0-9]{2,4})?)\.\w+$/i.exec(name)?.[1]?.replace('_', '-') ?? ''
  return common.find((c) => sameTag(c, found)) ?? ''
}
