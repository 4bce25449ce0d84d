import type { Channel } from '../protocol/index.ts'
import { TableError } from './table-error.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Of AWS; those of a role have a token. */
export type Credentials = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** What Lambda sets for a function; it replaces the credentials when they rotate, so read it at each call. */
export function lambdaEnvironment(): Environment {
  // biome-ignore lint/style/noProcessEnv: a function has no configuration but its environment
  return process.env
}

/** @throws TableError `credentials-missing` */
export function credentialsFrom(environment: Environment): Credentials {
  const accessKeyId = environment['AWS_ACCESS_KEY_ID']
  const secretAccessKey = environment['AWS_SECRET_ACCESS_KEY']
  const sessionToken = environment['AWS_SESSION_TOKEN']
  if (!accessKeyId || !secretAccessKey) {
    throw new TableError(
      'credentials-missing',
      'The handler has no AWS credentials to append to its journal with: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, as Lambda does by itself',
    )
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) }
}

/** Where the table is: as the orchestrator says, else as the environment says, else in its region. */
export function endpointOf(channel: Channel, environment: Environment): URL {
  const partition = channel.region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'
  return new URL(
    channel.endpoint ||
      environment['AWS_ENDPOINT_URL_DYNAMODB'] ||
      environment['AWS_ENDPOINT_URL'] ||
      `https://dynamodb.${channel.region}.${partition}`,
  )
}
