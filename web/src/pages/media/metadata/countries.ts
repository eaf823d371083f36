// Countries by region: ISO 3166-1 by the United Nations' M49. The browser has
// names for them in every language. XK is what databases of addresses say of
// Kosovo.

const regions = {
  africa: 'DZ EG LY MA SD TN EH IO BI KM DJ ER ET TF KE MG MW MU YT MZ RE RW SC SO SS UG TZ ZM ZW AO CM CF TD CG CD GQ GA ST BW SZ LS NA ZA BJ BF CV CI GM GH GN GW LR ML MR NE NG SH SN SL TG',
  americas: 'AI AG AW BS BB BQ VG KY CU CW DM DO GD GP HT JM MQ MS PR BL KN LC MF VC SX TT TC VI BZ CR SV GT HN MX NI PA AR BO BV BR CL CO EC FK GF GY PY PE GS SR UY VE BM CA GL PM US',
  asia: 'KZ KG TJ TM UZ CN HK MO KP JP MN KR TW BN KH ID LA MY MM PH SG TH TL VN AF BD BT IN IR MV NP PK LK AM AZ BH CY GE IQ IL JO KW LB OM QA SA PS SY TR AE YE',
  europe: 'BY BG CZ HU PL MD RO RU SK UA AX GG JE DK EE FO FI IS IE IM LV LT NO SJ SE GB AL AD BA HR GI GR VA IT MT ME MK PT SM RS SI ES XK AT BE FR DE LI LU MC NL CH',
  oceania: 'AU CX CC HM NZ NF FJ NC PG SB VU GU KI MH FM NR MP PW UM AS CK PF NU PN WS TK TO TV WF',
  antarctica: 'AQ'
}

export interface Country { code: string, name: string, plain: string }
export type Continent = keyof typeof regions
export interface Region { code: Continent, countries: Country[] }

/** All regions with their countries, which are named and sorted in a language. */
export function atlas (language: string): Region[] {
  const own = new Intl.DisplayNames(language, { type: 'region' })
  const english = new Intl.DisplayNames('en', { type: 'region' })
  const order = new Intl.Collator(language)
  return (Object.keys(regions) as Continent[]).map((code) => ({
    code,
    countries: regions[code].split(' ').map((c) => {
      const name = own.of(c) ?? c
      return { code: c, name, plain: plain(`${name} ${english.of(c) ?? ''} ${c}`) }
    }).sort((a, b) => order.compare(a.name, b.name))
  }))
}

/** The name of a country, or its code where it has none. */
export function nameOf (code: string, language: string): string {
  try {
    return new Intl.DisplayNames(language, { type: 'region' }).of(code) ?? code
  } catch {
    return code
  }
}

/** A text to search in: without case and accents. */
export function plain (s: string): string {
  return s.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
}
