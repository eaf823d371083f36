// What somebody is changing of a media's metadata: what is saved, what the forms
// hold, and what was wrong with it.

import { tick } from 'svelte'
import { call, said } from '../../../lib/api'
import type { Detail } from '../item'
import { exact } from './exact'
import { groups, rules, same, type Fault, type Forms, type Group } from './groups'
import { say } from './words'

type Saved = Record<string, unknown>

function forms (saved: Saved): Forms {
  return Object.fromEntries(groups.map((g) => [g, rules[g].read(saved[g])])) as unknown as Forms
}

export class Editor {
  saved: Saved = $state.raw({})
  forms: Forms = $state(forms({}))
  faults: Partial<Record<Group, Fault>> = $state({})
  done: Partial<Record<Group, string>> = $state({}) // what was last done with it, in words
  whole = $state('') // what is wrong with no group alone
  busy = $state(false)
  readonly unsaved: Group[] = $derived(groups.filter((g) => this.changed(g)))

  readonly id: string
  private readonly tell: () => Promise<void>

  constructor (id: string, saved: Saved, tell: () => Promise<void>) {
    this.id = id
    this.tell = tell
    this.saved = saved
    this.forms = forms(saved)
  }

  set (group: Group): boolean { return this.saved[group] !== undefined }

  changed (group: Group): boolean {
    return !same(group, this.forms[group], rules[group].read(this.saved[group]) as Forms[typeof group])
  }

  /** Takes over what is known to be saved now; what was changed here stays. */
  take (metadata: Saved): void {
    for (const g of groups) {
      // Numbers of stickers are exact only in what this editor asked for itself.
      if (g === 'sticker_info' || same(g, this.read(metadata, g), this.read(this.saved, g)) && (metadata[g] === undefined) === (this.saved[g] === undefined)) continue
      const keep = this.changed(g)
      this.saved = { ...this.saved, [g]: metadata[g] }
      if (!keep) this.undo(g)
    }
  }

  private read<G extends Group> (from: Saved, group: G): Forms[G] { return rules[group].read(from[group]) }

  undo (group: Group): void {
    Object.assign(this.forms, { [group]: this.read(this.saved, group) })
    delete this.faults[group]
  }

  /** Saves groups in one call: all of them, or none. Says whether it did. */
  async save (...which: Group[]): Promise<boolean> {
    for (const g of which) {
      const wrong = rules[g].check?.(this.forms[g] as never)
      if (wrong === undefined) delete this.faults[g]
      else this.faults[g] = wrong
    }
    if (which.some((g) => this.faults[g] !== undefined)) {
      await this.show(which)
      return false
    }
    return await this.send(which, say('saved'), which.map((g) => `"${g}":${rules[g].write(this.forms[g] as never)}`))
  }

  async clear (group: Group): Promise<boolean> {
    return await this.send([group], say('cleared'), [`"${group}":null`])
  }

  private async send (which: Group[], done: string, members: string[]): Promise<boolean> {
    if (this.busy) return false
    this.busy = true
    this.whole = ''
    for (const g of groups) delete this.done[g]
    try {
      const answer = await call('/2/media/metadata', {
        method: 'POST', headers: { 'Content-Type': 'application/json' }, body: `{"id":"${this.id}","metadata":{${members.join()}}}`
      })
      this.saved = (exact(await answer.text()) as { data: { associated_metadata: Saved } }).data.associated_metadata
      for (const g of which) {
        this.undo(g)
        this.done[g] = done
      }
    } catch (e) {
      this.blame(which, said(e))
      await this.show(which)
      return false
    } finally {
      this.busy = false
    }
    await this.tell()
    return true
  }

  /** Puts the server's words where the member is that they name. */
  private blame (which: Group[], words: string): void {
    const named = /^\$\.metadata\.(\w+)\.?(\S*): ([^]*)$/.exec(words)
    const group = named === null ? (which.length === 1 ? which[0] : undefined) : groups.find((g) => g === named[1])
    if (group === undefined) this.whole = words
    else this.faults[group] = { field: named?.[2] ?? '', words: named?.[3] ?? words }
  }

  /** Goes to the first member at fault. */
  private async show (which: Group[]): Promise<void> {
    await tick()
    const first = groups.find((g) => which.includes(g) && this.faults[g] !== undefined)
    const place = document.getElementById('group-' + first)
    const field = place?.querySelector<HTMLElement>('[aria-invalid="true"]')
    if (field != null) field.focus()
    else place?.scrollIntoView({ block: 'nearest' })
  }

  /** Attributes for a field: whether it is at fault, and where the words about it are. */
  marks (group: Group, field: string, about?: string): Record<string, string | undefined> {
    const wrong = this.faults[group]?.field
    if (wrong === undefined || !(wrong === field || wrong.startsWith(field + '['))) return { 'aria-describedby': about }
    return { 'aria-invalid': 'true', 'aria-describedby': [`fault-${group}`, about].filter(Boolean).join(' ') }
  }
}

/** Begins to edit a media's metadata. */
export async function edit (item: Detail, tell: () => Promise<void>): Promise<Editor> {
  let saved = item.metadata
  if (saved.sticker_info !== undefined) {
    const answer = await call('/magpie/v1/media/' + item.id)
    saved = (exact(await answer.text()) as { data: Detail }).data.metadata
  }
  return new Editor(item.id, saved, tell)
}
