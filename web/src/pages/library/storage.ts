// How much one stores (GET /magpie/v1/storage).

import { json } from '../../lib/api'

export interface Storage {
  used: number // bytes
  media_count: number
  quota: number | null // bytes; null for none
}

export async function storage (): Promise<Storage> {
  return (await json<{ data: Storage }>('/magpie/v1/storage')).data
}
