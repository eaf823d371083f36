// A frame of a video as an image of the library.

import { json } from '../../../lib/api'
import type { Detail, Rendition } from '../item'
import { say } from './words'

/** The largest file of a video that a browser can draw; undefined while there is none. */
export function drawable (item: Detail): Rendition | undefined {
  return item.renditions.filter((r) => r.role === 'mp4' && r.url !== undefined)
    .sort((a, b) => (b.width ?? 0) * (b.height ?? 0) - (a.width ?? 0) * (a.height ?? 0))[0]
}

/** Uploads what a video shows at the moment as an image, and gives its media id. */
export async function upload (video: HTMLVideoElement): Promise<string> {
  const canvas = document.createElement('canvas')
  canvas.width = video.videoWidth
  canvas.height = video.videoHeight
  canvas.getContext('2d')?.drawImage(video, 0, 0)
  const picture = await new Promise<Blob | null>((resolve) => { canvas.toBlob(resolve, 'image/jpeg', 0.92) })
  if (picture === null) throw new Error(say('frameBad'))
  const body = new FormData()
  body.set('media_category', 'tweet_image')
  body.set('media', picture, 'frame.jpg')
  return (await json<{ data: { id: string } }>('/2/media/upload', { method: 'POST', body })).data.id
}
