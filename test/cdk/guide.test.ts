/** What docs/deploying.md shows and reckons. */
import { readFileSync } from 'node:fs'
import { Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { describe, expect, it } from 'vitest'
import './support/temporary.ts'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
const guide = read('../../docs/deploying.md')

describe('the guide to deploying', () => {
  it('shows code that compiles', () => {
    // It is compiled with the tests beside it: the types of the CDK are not as strict as the rest of ours.
    const shown = [...guide.matchAll(/^```typescript\n(.*?)^```/gms)].map(([, code]) => code)
    const compiled = ['guide', 'guide-msk', 'guide-sasl', 'guide-private-vpc']
    expect(shown).toEqual(compiled.map((name) => read(`fixtures/${name}.ts`)))
  })

  it.each(['msk', 'sasl', 'private-vpc'])('shows code that makes a stack: %s', async (name) => {
    const { stack } = await import(`./fixtures/guide-${name}.ts`)
    expect(stack).toBeInstanceOf(Stack)
    const resources = Object.values(
      (Template.fromStack(stack).toJSON() as { Resources: Record<string, { Type: string }> })
        .Resources,
    ).map(({ Type }) => Type)
    expect(resources).toContain('AWS::ECS::Service')
  })

  it('reckons right: each row of a table with a formula has its result', () => {
    const rows = [...guide.matchAll(/^\|.*\| `([\d .,×÷+()]+)` \| \**([\d.,]+)\** \|$/gm)]
    const wrong = rows
      .map(([, formula = '', result = '']) => ({ formula, result, is: reckon(formula) }))
      .filter(({ result, is }) => is.toFixed(decimalsOf(result)) !== result)
    expect(wrong).toEqual([])
    expect(rows.length).toBeGreaterThan(12)
    for (const [formula, is] of [
      ['730 × 0.0225', 16.4],
      ['0.20 + 0.05 × 0.5 × 13.33', 0.533],
      ['600 ÷ 1.71', 350.9],
      ['730 × (0.03238 + 2 × 0.00356)', 28.84],
    ] as const) {
      expect(guide).toContain(`\`${formula}\``)
      expect(reckon(formula)).toBeCloseTo(is, 1)
    }
  })
})

const decimalsOf = (number: string) => number.split('.')[1]?.length ?? 0

/** Of a formula with numbers, brackets, and the four operations as they are printed. */
function reckon(formula: string): number {
  const program = formula.replaceAll('×', '*').replaceAll('÷', '/')
  return Number(new Function(`return ${program}`)())
}
