// What is remembered of uploads that are not finished, so that a page that was
// reloaded goes on with them: in IndexedDB, which can keep a handle of a file.

/** A file that the browser lets one read again later. */
export interface Handle {
  readonly kind: 'file'
  readonly name: string
  getFile: () => Promise<File>
  queryPermission?: (o: { mode: 'read' }) => Promise<PermissionState>
  requestPermission?: (o: { mode: 'read' }) => Promise<PermissionState>
}

export interface Known {
  id: string // of the session
  user: string
  name: string
  path: string
  size: number
  lastModified: number
  type: string
  category: string
  step: number
  paused: boolean
  finalized: boolean
  handle?: Handle
}

const store = 'uploads'

/** Is in local storage where there may be something to go on with, so that other pages need not load this one to find out. */
export const mark = 'magpie-uploads'

async function open (): Promise<IDBDatabase> {
  return await new Promise((resolve, reject) => {
    const asked = indexedDB.open('magpie-uploads', 1)
    asked.onupgradeneeded = () => { asked.result.createObjectStore(store, { keyPath: 'id' }) }
    asked.onsuccess = () => { resolve(asked.result) }
    asked.onerror = () => { reject(asked.error as Error) }
  })
}

async function within<T> (mode: IDBTransactionMode, act: (s: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await open()
  try {
    return await new Promise((resolve, reject) => {
      const work = db.transaction(store, mode, { durability: 'strict' })
      const asked = act(work.objectStore(store))
      work.oncomplete = () => { resolve(asked.result) }
      work.onabort = work.onerror = () => { reject(work.error as Error) }
    })
  } finally {
    db.close()
  }
}

/** What is known of a user's uploads; nothing where the browser keeps nothing. */
export async function all (user: string): Promise<Known[]> {
  try {
    const known = await within('readonly', (s) => s.getAll() as IDBRequest<Known[]>)
    if (known.length === 0) localStorage.removeItem(mark)
    return known.filter((k) => k.user === user)
  } catch {
    return []
  }
}

export async function get (id: string): Promise<Known | undefined> {
  try {
    return await within('readonly', (s) => s.get(id) as IDBRequest<Known | undefined>)
  } catch {
    return undefined
  }
}

/** Keeps it; where the browser doesn't, the upload can't be gone on with after a reload, and that is all. */
export async function put (k: Known): Promise<void> {
  try {
    await within('readwrite', (s) => s.put(k))
    localStorage.setItem(mark, 'some')
  } catch {
    if (k.handle === undefined) return
    const { handle: _, ...rest } = k // not every handle can be kept
    await put(rest)
  }
}

export async function drop (id: string): Promise<void> {
  try {
    await within('readwrite', (s) => s.delete(id))
  } catch { /* it was not kept */ }
}
