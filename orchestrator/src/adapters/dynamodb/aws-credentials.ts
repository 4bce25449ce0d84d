import { DynamoDBClient } from '@aws-sdk/client-dynamodb'

/** Keys of this process' role. */
export type AwsCredentials = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** Credentials as the AWS clients find them (environment, container, instance), for requests that need no client. */
export function createAwsCredentials(region: string): () => Promise<AwsCredentials> {
  let provide: DynamoDBClient['config']['credentials'] | undefined
  return () => {
    // The client remembers them, and asks again before they expire.
    provide ??= new DynamoDBClient({ region }).config.credentials
    return provide()
  }
}
