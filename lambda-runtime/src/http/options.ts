import { UsageError } from '../errors.ts'
import { composeInterceptors } from '../middleware/compose-interceptors.ts'
import { httpTransport } from '../protocol/http.ts'
import type { Credentials } from '../table/environment.ts'
import type { Interceptors } from '../types/interceptors.ts'
import type { PayloadCodec } from '../types/payload-codec.ts'

/** Who may invoke these handlers: the orchestrator that holds one of these keys, and nobody else. */
export interface IdentityOptions {
  /**
   * Ed25519 public keys of the orchestrator, as PEM or JWK text (`GET /identity` of its admin API shows it). Several
   * while keys are rotated: a request must be signed with one of them.
   */
  readonly publicKeys?: readonly string[] | undefined
  /** Secrets shared with the orchestrator (HMAC-SHA-256), each of at least 32 bytes. */
  readonly secrets?: readonly string[] | undefined
  /**
   * The URLs that this deployment is registered under. Give them where several deployments trust one key: a request
   * that was made for another one is refused then.
   */
  readonly audience?: string | readonly string[] | undefined
  /** How far the clocks may be apart, in ms; 5 s by default. */
  readonly clockToleranceMs?: number | undefined
}

/** Options of handlers over HTTP. */
export interface HttpHandlerOptions {
  /** Takes requests only if the orchestrator signed them. */
  readonly identity?: IdentityOptions | undefined
  /** Around the handlers and steps of all services here; those of a service's own `around` lie within. */
  readonly around?: Interceptors | readonly Interceptors[] | undefined
  /** Seals what is stored, and opens it. Without one the keys in `FERMATA_PAYLOAD_KEYS` do, if there are any. */
  readonly codec?: PayloadCodec | undefined
  /** Attempts at once; beyond that the answer is 429 and the orchestrator slows down. 1,000 by default. */
  readonly maxConcurrent?: number | undefined
  /** The largest request, in bytes; the orchestrator sends less of a journal then. 6 MB by default. */
  readonly maxBodyBytes?: number | undefined
  /**
   * AWS credentials for the orchestrator's table, asked for at each use; a provider of `@aws-sdk/credential-providers`
   * fits. By default `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.
   */
  readonly credentials?: (() => Promise<Credentials>) | undefined
}

export interface ResolvedHttpOptions {
  readonly identity: IdentityOptions | undefined
  readonly around: Interceptors
  readonly codec: PayloadCodec | undefined
  readonly maxConcurrent: number
  readonly maxBodyBytes: number
  readonly credentials: (() => Promise<Credentials>) | undefined
}

/** @throws UsageError `option-invalid` */
export function resolveHttpOptions(options: HttpHandlerOptions): ResolvedHttpOptions {
  const { around = [] } = options
  return {
    identity: options.identity,
    around: composeInterceptors([around].flat()),
    codec: options.codec,
    maxConcurrent: positive('maxConcurrent', options.maxConcurrent ?? 1_000),
    maxBodyBytes: positive('maxBodyBytes', options.maxBodyBytes ?? httpTransport.maxRequestBytes),
    credentials: options.credentials,
  }
}

function positive(name: string, value: number): number {
  if (Number.isInteger(value) && value > 0) return value
  throw new UsageError('option-invalid', `${name} must be a whole number above 0, not ${value}`)
}
