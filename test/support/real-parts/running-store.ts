/** A running DynamoDB of some make; any credentials and any region will do. */
export interface RunningStore {
  /** For `AWS_ENDPOINT_URL_DYNAMODB`. */
  readonly endpoint: string
  stop(): Promise<void>
}
