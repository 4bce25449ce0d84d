/** A published version or alias of a function: what runs behind it does not change under an invocation. */
export type FunctionAddress = { readonly arn: string; readonly region: string }

const arnPattern =
  /^arn:aws[a-z-]*:lambda:([a-z0-9-]+):\d{12}:function:[A-Za-z0-9_-]{1,64}(?::([A-Za-z0-9$_-]{1,128}))?$/

/** Reads a deployment's address, or says why it is none. */
export function parseFunctionAddress(
  address: string,
): FunctionAddress | { readonly problem: string } {
  const [, region, qualifier] = arnPattern.exec(address) ?? []
  if (region === undefined) {
    return {
      problem: `"${address}" is no function ARN: expected arn:aws:lambda:<region>:<account>:function:<name>:<version>`,
    }
  }
  if (qualifier === undefined || qualifier === '$LATEST') {
    return {
      problem: `"${address}" names no published version: its code may change while invocations are under way, and they could not be replayed. Publish a version and register its ARN (…:function:<name>:<version>)`,
    }
  }
  return { arn: address, region }
}
