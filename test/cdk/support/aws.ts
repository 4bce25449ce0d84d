import aws4 from 'aws4'

export const region = 'us-east-1'
export const account = '000000000000'
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }

/** How a process finds the emulator, by variables that every AWS client knows. */
export function awsEnvironment(endpoint: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  }
}

/** A call of an API that speaks JSON with a target: ECS, DynamoDB, CloudWatch Logs. */
export async function callJson(
  endpoint: string,
  { service, target, input }: { service: string; target: string; input: object },
): Promise<Record<string, unknown>> {
  const body = JSON.stringify(input)
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target }
  return JSON.parse(await send(endpoint, { service, method: 'POST', path: '/', headers, body }))
}

type Request = {
  readonly service: string
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** @throws Error for an answer that is none of success */
export async function send(endpoint: string, request: Request): Promise<string> {
  const { host } = new URL(endpoint)
  const { headers = {}, ...rest } = request
  const signed = aws4.sign({ ...rest, host, region, headers: { ...headers } }, credentials)
  const response = await fetch(`${endpoint}${request.path}`, {
    method: request.method,
    headers: signed.headers as Record<string, string>,
    ...(request.body === undefined ? {} : { body: request.body }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${request.service} answered ${response.status}: ${text}`)
  return text
}

/** The versions of a function, without the one that changes. */
export async function publishedVersions(endpoint: string, functionArn: string): Promise<string[]> {
  const path = `/2015-03-31/functions/${encodeURIComponent(functionArn)}/versions?MaxItems=50`
  const answer = await send(endpoint, { service: 'lambda', method: 'GET', path })
  const { Versions } = JSON.parse(answer) as { Versions: { Version: string }[] }
  return Versions.map(({ Version }) => Version).filter((one) => one !== '$LATEST')
}
