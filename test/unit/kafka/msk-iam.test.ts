import { mskIamToken } from '@fermata/orchestrator/adapters/kafka/msk-iam'
import aws4 from 'aws4'
import { describe, expect, it } from 'vitest'

const credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  sessionToken: 'a/token+with=signs',
}
const now = Date.UTC(2026, 6, 1, 12, 30, 5)

async function tokenUrl(): Promise<URL> {
  const token = await mskIamToken({
    region: 'eu-west-1',
    credentials: async () => credentials,
    now: () => now,
  })
  expect(token).toMatch(/^[A-Za-z0-9_-]+$/)
  return new URL(Buffer.from(token, 'base64url').toString())
}

describe('the token of a role for MSK', () => {
  it('is a request to connect to the cluster, signed for a quarter of an hour', async () => {
    const url = await tokenUrl()
    expect(url.origin).toBe('https://kafka.eu-west-1.amazonaws.com')
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      Action: 'kafka-cluster:Connect',
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': 'AKIDEXAMPLE/20260701/eu-west-1/kafka-cluster/aws4_request',
      'X-Amz-Date': '20260701T123005Z',
      'X-Amz-Expires': '900',
      'X-Amz-Security-Token': credentials.sessionToken,
      'X-Amz-SignedHeaders': 'host',
      'User-Agent': 'fermata',
    })
  })

  it('has the signature that another implementation comes to', async () => {
    const url = await tokenUrl()
    const expected = aws4.sign(
      {
        service: 'kafka-cluster',
        region: 'eu-west-1',
        host: 'kafka.eu-west-1.amazonaws.com',
        path: '/?Action=kafka-cluster%3AConnect&X-Amz-Expires=900&X-Amz-Date=20260701T123005Z',
        signQuery: true,
        headers: {},
      },
      credentials,
    )
    const signature = new URL(`https://host${expected.path}`).searchParams.get('X-Amz-Signature')
    expect(url.searchParams.get('X-Amz-Signature')).toBe(signature)
  })
})
