import * as v from 'valibot'

const expectation =
  'expected the URL of a server of handlers, for instance "https://orders.internal:9080/v7", without query and credentials'

/** The address of handlers on a server, in the one form that it is known by: no slash at its end. */
export const deploymentUrlSchema = v.pipe(
  v.string(expectation),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const url = normalUrl(dataset.value)
    if (url !== undefined) return url
    addIssue({ message: expectation })
    return NEVER
  }),
)

/** Whether a deployment's address is that of a server; a function's ARN otherwise. */
export function isUrl(address: string): boolean {
  return /^https?:\/\//.test(address)
}

function normalUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined
  const { protocol, host, pathname, search, hash, username, password } = new URL(text)
  if (protocol !== 'http:' && protocol !== 'https:') return undefined
  if (`${search}${hash}${username}${password}` !== '') return undefined
  return `${protocol}//${host}${pathname.replace(/\/+$/, '')}`
}
