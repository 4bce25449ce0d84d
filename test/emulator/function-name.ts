/** A function as a caller names it. */
export interface FunctionReference {
  readonly name: string
  readonly qualifier: string | undefined
}

export type ParsedReference =
  | { readonly kind: 'reference'; readonly reference: FunctionReference }
  | { readonly kind: 'invalid'; readonly message: string }

/** `name`, `account:function:name` or the full ARN, each perhaps with a qualifier at its end. */
const form =
  /^(?:(?:arn:[^:]+:lambda:[^:]+:)?\d{12}:function:|function:)?([\w-]{1,140})(?::([\w$-]{1,128}))?$/

/** Reads the two places where `Invoke` takes a qualifier: the name's end and the query. */
export function parseReference(text: string, queried: string | undefined): ParsedReference {
  const [, name, derived] = form.exec(text) ?? []
  if (name === undefined) {
    return { kind: 'invalid', message: `Functions from '${text}' are not reachable: not a name` }
  }
  if (derived !== undefined && queried !== undefined && derived !== queried) {
    const message =
      'The derived qualifier from the function name does not match the specified qualifier.'
    return { kind: 'invalid', message }
  }
  return { kind: 'reference', reference: { name, qualifier: derived ?? queried } }
}
