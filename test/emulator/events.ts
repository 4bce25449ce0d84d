import type { RunningInvoke } from './running-invokes.ts'
import type { Outcome } from './worker.ts'

export interface InvokeEnded {
  readonly invoke: RunningInvoke
  readonly outcome: Outcome
}

export interface Throttled {
  readonly functionName: string
  readonly payload: string
}

/** For `emulator.events`, a Node.js `EventEmitter`. */
export interface EmulatorEvents {
  /** A handler has been given a request. */
  invokeStarted: [RunningInvoke]
  /** The function is done with it; the reply has not left yet. */
  invokeEnded: [InvokeEnded]
  throttled: [Throttled]
}
