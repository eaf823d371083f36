// The states of one upload, and what a person may do in each.

export type State =
  | 'ready' // listed; nothing was sent
  | 'waiting' // for its turn
  | 'elsewhere' // another page of this browser sends it
  | 'checking' // whether the file is the one that was begun with
  | 'sending'
  | 'finishing' // all was sent, and the server looks at it
  | 'processing'
  | 'done'
  | 'paused'
  | 'lost' // begun, but the file has to be chosen again
  | 'failed' // may be tried again
  | 'broken' // may not: the file is at fault

export type Act = 'start' | 'pause' | 'resume' | 'retry' | 'choose' | 'cancel' | 'remove'

const acts: Record<State, Act[]> = {
  ready: ['start', 'remove'],
  waiting: ['pause', 'cancel'],
  elsewhere: [],
  checking: ['pause', 'cancel'],
  sending: ['pause', 'cancel'],
  finishing: [],
  processing: [],
  done: ['remove'],
  paused: ['resume', 'cancel'],
  lost: ['choose', 'cancel'],
  failed: ['retry', 'remove'],
  broken: ['remove']
}

/** What may be done in a state. */
export function may (state: State, act: Act): boolean {
  return acts[state].includes(act)
}

/** Whether bytes go or are about to: leaving the page would interrupt it. */
export function busy (state: State): boolean {
  return state === 'waiting' || state === 'checking' || state === 'sending' || state === 'finishing'
}
