// Deleting and restoring media, one or many.

import { Refusal, json, said } from '../../lib/api'

export interface Outcome {
  done: string[] // ids
  restorable: boolean // whether all that were deleted can be brought back
  used: string[] // ids of those that others use, and so are still there
  problems: string[] // what went wrong with the others, in words
}

/** Deletes media, also those that others use where force says so. */
export async function remove (ids: string[], force: boolean): Promise<Outcome> {
  return await each(ids, async (id, o) => {
    const a = await json<{ data: { restorable_until?: string } }>(`/magpie/v1/media/${id}${force ? '?force=true' : ''}`, { method: 'DELETE' })
    if (a.data.restorable_until === undefined) o.restorable = false
  })
}

/** Brings deleted media back. */
export async function restore (ids: string[]): Promise<Outcome> {
  return await each(ids, async (id) => { await json(`/magpie/v1/media/${id}/restore`, { method: 'POST' }) })
}

/** Does something with each id, four at a time. */
async function each (ids: string[], act: (id: string, o: Outcome) => Promise<void>): Promise<Outcome> {
  const o: Outcome = { done: [], restorable: true, used: [], problems: [] }
  const left = [...ids]
  const work = async (): Promise<void> => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      try {
        await act(id, o)
        o.done.push(id)
      } catch (e) {
        if (e instanceof Refusal && e.status === 409) o.used.push(id)
        else if (!o.problems.includes(said(e))) o.problems.push(said(e))
      }
    }
  }
  await Promise.all([work(), work(), work(), work()])
  return o
}
