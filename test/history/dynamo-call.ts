/** Asks DynamoDB Local, which does not check signatures. */
export async function callDynamo<T>(
  endpoint: string,
  target: `${'DynamoDB' | 'DynamoDBStreams'}_20120810.${string}`,
  body: object,
): Promise<T> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': target,
      'x-amz-date': '20260101T000000Z',
      authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/${region}/dynamodb/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${target} was answered ${response.status}: ${text}`)
  return JSON.parse(text) as T
}

/** Part of whose table it is, unless it is shared by all. */
const region = 'eu-west-1'
