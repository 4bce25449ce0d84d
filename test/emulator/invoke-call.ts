import type { ApiError } from './api-error.ts'
import type { FunctionReference } from './function-name.ts'

export type InvocationType = 'RequestResponse' | 'Event' | 'DryRun'

/** One `Invoke` call, as it came over the wire. */
export interface InvokeCall {
  readonly reference: FunctionReference
  readonly type: InvocationType
  readonly payload: string
  readonly bytes: number
  /** Cuts the caller's connection. */
  cut(): void
}

export type InvokeAnswer =
  | { readonly kind: 'refused'; readonly error: ApiError }
  | { readonly kind: 'accepted'; readonly status: 202 | 204 }
  /** The function ran; `isError` makes it `X-Amz-Function-Error: Unhandled`. */
  | {
      readonly kind: 'ran'
      readonly version: string
      readonly isError: boolean
      readonly payload: string
    }
  /** The caller's connection has been cut: there is nobody to answer. */
  | { readonly kind: 'cut' }
