import { AwsV4Signer } from 'aws4fetch'
import type { Credentials } from './environment.ts'

export type RequestToSign = {
  readonly url: URL
  readonly region: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Keys derived from the credentials, each good for a day: kept, so that only a first request derives one. */
export type SigningKeys = Map<string, ArrayBuffer>

/**
 * Signs a POST to DynamoDB by AWS Signature Version 4 and answers all its headers but `host`, which `fetch`
 * sets itself. Service and region are given, never guessed from the host: an endpoint may be anywhere.
 */
export async function signRequest(
  { url, region, headers, body }: RequestToSign,
  credentials: Credentials,
  now: Date,
  keys: SigningKeys,
): Promise<Headers> {
  const signer = new AwsV4Signer({
    ...credentials,
    method: 'POST',
    url: url.href,
    headers: { ...headers },
    body,
    service: 'dynamodb',
    region,
    datetime: now.toISOString().replace(/[-:]|\.\d{3}/g, ''),
    cache: keys,
  })
  return (await signer.sign()).headers
}
