/** Context of a request: absent keys are not there at all. */
export type RequestContext = Readonly<Record<string, readonly string[]>>

type Statement = Readonly<Record<string, unknown>> & {
  readonly Condition?: Readonly<
    Record<string, Readonly<Record<string, string | readonly string[]>>>
  >
}
type Document = { readonly Version: string; readonly Statement: readonly Statement[] }
type Test = (actual: readonly string[] | undefined, expected: readonly string[]) => boolean

/** As IAM's user guide defines the operators that our policies use; there are no others. */
const operators: Readonly<Record<string, Test>> = {
  Null: (actual, [expected]) => (actual === undefined) === (expected === 'true'),
  StringLike: (actual, expected) =>
    actual !== undefined && actual.length === 1 && isLikeOne(actual[0] ?? '', expected),
  // Also true of no value at all.
  'ForAllValues:StringLike': (actual = [], expected) =>
    actual.every((value) => isLikeOne(value, expected)),
}

/**
 * The statements whose conditions hold, without them: the emulator's simulation knows actions and resources, but takes no
 * context of a request.
 */
export function underContext(document: Document, context: RequestContext): Document {
  const Statement = document.Statement.filter(({ Condition = {} }) =>
    Object.entries(Condition).every(([operator, keys]) =>
      Object.entries(keys).every(([key, expected]) =>
        testOf(operator)(context[key], [expected].flat()),
      ),
    ),
  ).map(({ Condition: _held, ...rest }) => rest)
  return { ...document, Statement }
}

function testOf(operator: string): Test {
  const test = operators[operator]
  if (test === undefined) throw new Error(`The condition operator ${operator} is not known here`)
  return test
}

function isLikeOne(value: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const source = pattern
      .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')
    return new RegExp(`^${source}$`, 's').test(value)
  })
}
