// One page of a browser sends an upload, not several that are open.

/** Waits until no other page has the upload, and says first if one has. What it gives lets go. Where the browser has no locks nobody waits: what two pages send is the same. */
export async function claim (id: string, elsewhere: () => void, signal: AbortSignal): Promise<() => void> {
  if (!('locks' in navigator)) return () => {}
  const name = 'magpie-upload-' + id
  const at = async (o: LockOptions): Promise<(() => void) | undefined> => await new Promise((resolve, reject) => {
    navigator.locks.request(name, o, async (lock) => {
      if (lock === null) { resolve(undefined); return }
      await new Promise<void>((free) => { resolve(free) })
    }).catch(reject)
  })
  const mine = await at({ ifAvailable: true })
  if (mine !== undefined) return mine
  elsewhere()
  return await at({ signal }) ?? (() => {})
}
