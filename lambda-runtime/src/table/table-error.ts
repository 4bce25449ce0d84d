/** What keeps a running handler from its journal. `code` is DynamoDB's, or one of ours in kebab-case. */
export class TableError extends Error {
  override readonly name = 'TableError'
  readonly code: string
  /** With a failed condition: the item that stands there, as it came, where the store tells. */
  readonly item: unknown

  constructor(
    code: string,
    message: string,
    options: { readonly cause?: unknown; readonly item?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.code = code
    this.item = options.item
  }
}
