import type { Failure, InvocationId, Origin, Target } from '@fermata/lambda-runtime/protocol'
import type { PendingWait } from './control.ts'

export type InvocationStatus =
  | 'queued'
  | 'running'
  | 'suspended'
  | 'backing-off'
  | 'paused'
  | 'completed'
  | 'failed'
  | 'cancelled'
  | 'killed'

export type InvocationView = {
  readonly id: InvocationId
  readonly target: Target
  readonly status: InvocationStatus
  readonly origin: Origin
  /** Epoch ms. */
  readonly createdAt: number
  readonly updatedAt: number
  readonly deployment: string | undefined
  /** Attempts begun. */
  readonly attempts: number
  readonly ops: number
  readonly segments: number
  /** The last failure of an attempt or step, or why it is paused, or how it ended. */
  readonly failure: Failure | undefined
  readonly nextTryAt: number | undefined
  /** What it waits for while it is suspended. */
  readonly waits: readonly PendingWait[]
  /** Somebody has asked for its end, and its handler may still make up for what it has done. */
  readonly cancelling: boolean
  /** Whose work it does again. */
  readonly restartOf: InvocationId | undefined
}
