// Files as they come: dropped, chosen, or whole folders of them. Where the
// browser gives a handle, the file can be read again after a reload.

import type { Handle } from './memory'

export interface Found {
  file: File
  path: string // with the folders above it
  handle?: Handle
}

interface Folder { readonly kind: 'directory', readonly name: string, values: () => AsyncIterable<Handle | Folder> }

interface Picking {
  showOpenFilePicker?: (o: { multiple: boolean }) => Promise<Handle[]>
  showDirectoryPicker?: () => Promise<Folder>
}

const picking = window as unknown as Picking

/** How many files are taken at once. */
export const most = 2000

/** Asks for files, with handles; undefined where the browser has only file inputs. */
export async function chooseFiles (multiple: boolean): Promise<Found[] | undefined> {
  const ask = picking.showOpenFilePicker
  if (ask === undefined) return undefined
  return await unlessLeft(async () => await gather(each(await ask.call(window, { multiple }))))
}

export async function chooseFolder (): Promise<Found[] | undefined> {
  const ask = picking.showDirectoryPicker
  if (ask === undefined) return undefined
  return await unlessLeft(async () => await gather(inside(await ask.call(window), '')))
}

// Who closes the browser's dialogue chooses nothing.
async function unlessLeft (ask: () => Promise<Found[]>): Promise<Found[]> {
  try {
    return await ask()
  } catch (e) {
    if (e instanceof DOMException && e.name === 'AbortError') return []
    throw e
  }
}

/** The files of an input, which may be one for folders. */
export function listed (files: FileList | File[]): Found[] {
  return Array.from(files, (file) => ({ file, path: file.webkitRelativePath === '' ? file.name : file.webkitRelativePath }))
    .filter((f) => !hidden(f.path)).slice(0, most)
}

/** The files of a drop, folders with all that is in them. Call it before anything is waited for: later a drop is empty. */
export async function dropped (data: DataTransfer): Promise<Found[]> {
  const things = Array.from(data.items).filter((i) => i.kind === 'file').map((i) => {
    const asked = (i as unknown as { getAsFileSystemHandle?: () => Promise<Handle | Folder | null> }).getAsFileSystemHandle?.()
    return { handle: asked?.catch(() => null), entry: i.webkitGetAsEntry(), file: i.getAsFile() }
  })
  async function * found (): AsyncGenerator<Found> {
    for (const t of things) {
      const handle = await t.handle
      if (handle != null) yield * one(handle, '')
      else if (t.entry?.isDirectory === true) yield * below(t.entry as FileSystemDirectoryEntry)
      else if (t.file !== null) yield { file: t.file, path: t.file.name }
    }
  }
  return await gather(found())
}

async function gather (found: AsyncIterable<Found>): Promise<Found[]> {
  const all: Found[] = []
  for await (const f of found) {
    all.push(f)
    if (all.length === most) break
  }
  return all
}

async function * each (handles: Handle[]): AsyncGenerator<Found> {
  for (const h of handles) yield * one(h, '')
}

async function * one (h: Handle | Folder, above: string): AsyncGenerator<Found> {
  if (h.kind === 'directory') yield * inside(h, above)
  else yield { file: await h.getFile(), handle: h, path: above + h.name }
}

async function * inside (f: Folder, above: string): AsyncGenerator<Found> {
  for await (const h of f.values()) {
    if (!hidden(h.name)) yield * one(h, `${above}${f.name}/`)
  }
}

async function * below (folder: FileSystemDirectoryEntry): AsyncGenerator<Found> {
  const reader = folder.createReader()
  for (;;) { // a reader gives some at a time
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => { reader.readEntries(resolve, reject) })
    if (some.length === 0) return
    for (const e of some) {
      if (hidden(e.name)) continue
      if (e.isDirectory) yield * below(e as FileSystemDirectoryEntry)
      else yield { file: await new Promise<File>((resolve, reject) => { (e as FileSystemFileEntry).file(resolve, reject) }), path: e.fullPath.replace(/^\//, '') }
    }
  }
}

// What systems leave in folders is nobody's picture.
function hidden (path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return name.startsWith('.') || name === 'Thumbs.db' || name === 'desktop.ini'
}
