import type {
  Failure,
  InvokeReply,
  InvokeRequest,
  Manifest,
} from '@fermata/lambda-runtime/protocol'

/** What one try to run a handler came to. */
export type InvokeOutcome =
  | { readonly kind: 'replied'; readonly reply: InvokeReply }
  /** Not started, and not the handler's fault: lowers concurrency, consumes no attempt. */
  | { readonly kind: 'throttled'; readonly retryAfterMs: number | undefined }
  /** It started and is over: crash, timeout, an answer that is no reply. */
  | { readonly kind: 'failed'; readonly failure: Failure }
  /** Surely not started: refused connection, missing function, no permission. */
  | { readonly kind: 'rejected'; readonly failure: Failure }
  /** Nobody knows: the socket broke. The handler may be running; watch its journal. */
  | { readonly kind: 'lost'; readonly failure: Failure }
  /** The request exceeds what the transport carries: send less of the journal. */
  | { readonly kind: 'too-large' }

/** Runs handlers of a deployment. `address` is a qualified function ARN or a URL. Never retries by itself. */
export interface Invoker {
  invoke(address: string, request: InvokeRequest, signal: AbortSignal): Promise<InvokeOutcome>
  /** @throws FermataError `deployment-unreachable` | `deployment-invalid` */
  discover(address: string): Promise<Manifest>
  close(): Promise<void>
}
