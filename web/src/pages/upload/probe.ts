// How long a video plays, as far as the browser can read it.

const patience = 5000 // milliseconds

export async function seconds (file: File): Promise<number | undefined> {
  const video = document.createElement('video')
  if (video.canPlayType(file.type) === '') return undefined
  const url = URL.createObjectURL(file)
  try {
    return await new Promise((resolve) => {
      const timer = setTimeout(() => { resolve(undefined) }, patience)
      const end = (s: number | undefined) => () => { clearTimeout(timer); resolve(s) }
      video.onerror = end(undefined)
      video.onloadedmetadata = () => { end(Number.isFinite(video.duration) ? video.duration : undefined)() }
      video.preload = 'metadata'
      video.src = url
    })
  } finally {
    video.removeAttribute('src')
    video.load()
    URL.revokeObjectURL(url)
  }
}
