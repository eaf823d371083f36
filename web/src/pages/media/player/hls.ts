// Has a video element play HLS: by the browser itself where it is Apple's, else
// by hls.js, which is loaded for it, else the largest MP4.

export interface Film {
  master?: string // URL of the multivariant playlist
  file?: string // URL of the largest MP4
}

/**
 * Gives the video its source. Fail is told once it can't go on, with the status
 * that the server answered, 0 for none. What it returns lets go of the video.
 */
export async function attach (video: HTMLVideoElement, film: Film, fail: (status: number) => void): Promise<() => void> {
  const native = video.canPlayType('application/vnd.apple.mpegurl') !== ''
  const plain = (src: string): (() => void) => {
    video.src = src
    return () => {
      video.removeAttribute('src')
      video.load()
    }
  }
  if (film.master !== undefined && !(native && navigator.vendor.startsWith('Apple'))) {
    const { default: Hls } = await import('hls.js/light')
    if (Hls.isSupported()) {
      const hls = new Hls({ enableWorker: false, capLevelToPlayerSize: true }) // the page's policy knows no workers
      hls.on(Hls.Events.ERROR, (_, e) => { if (e.fatal) fail(e.response?.code ?? 0) })
      hls.loadSource(film.master)
      hls.attachMedia(video)
      return () => { hls.destroy() }
    }
  }
  if (film.master !== undefined && native) return plain(film.master)
  if (film.file !== undefined) return plain(film.file)
  fail(0)
  return () => {}
}
