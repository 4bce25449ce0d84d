import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'

/** Of the role that this process has; asked for each connection, for they rotate. */
export type Credentials = () => Promise<{
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}>

export type MskIamOptions = {
  readonly region: string
  readonly credentials: Credentials
  readonly now: () => number
}

/** The most that MSK takes, in seconds. A token opens connections; those that are open stay. */
const tokenSeconds = 900

/**
 * The token by which MSK knows a role (SASL/OAUTHBEARER): the URL of a signed request that nobody sends, as base64url.
 */
export async function mskIamToken({ region, credentials, now }: MskIamOptions): Promise<string> {
  const hostname = `kafka.${region}.amazonaws.com`
  const signer = new SignatureV4({
    service: 'kafka-cluster',
    region,
    credentials,
    sha256: Sha256,
    applyChecksum: false,
  })
  const request = {
    method: 'GET',
    protocol: 'https:',
    hostname,
    path: '/',
    query: { Action: 'kafka-cluster:Connect' },
    headers: { host: hostname },
  }
  const signingDate = new Date(now())
  const { query } = await signer.presign(request, { expiresIn: tokenSeconds, signingDate })
  const signed = new URL(`https://${hostname}/`)
  for (const [name, value] of Object.entries(query ?? {})) {
    signed.searchParams.set(name, String(value))
  }
  // Not signed: MSK writes it to its logs.
  signed.searchParams.set('User-Agent', 'fermata')
  return Buffer.from(signed.href.replaceAll('+', '%20')).toString('base64url')
}

/** What the signer wants of a hash. */
class Sha256 {
  readonly #secret: string | ArrayBuffer | ArrayBufferView | undefined
  #hash: Hash | Hmac

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#secret = secret
    this.#hash = this.#fresh()
  }

  update(chunk: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(chunk))
  }

  async digest(): Promise<Uint8Array> {
    return new Uint8Array(this.#hash.digest())
  }

  reset(): void {
    this.#hash = this.#fresh()
  }

  #fresh(): Hash | Hmac {
    if (this.#secret === undefined) return createHash('sha256')
    return createHmac('sha256', bytesOf(this.#secret))
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data)
  if (data instanceof ArrayBuffer) return new Uint8Array(data)
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}
