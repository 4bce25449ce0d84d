import { parseArgs } from 'node:util'

export type StoreName = 'dynalite' | 'dynamodb-local'

export interface Options {
  readonly store: StoreName
  readonly help: boolean
}

export const usage = `npm run demo [-- options]

  --store dynalite         the table in dynalite, which needs Node alone (the default)
  --store dynamodb-local   the table in DynamoDB Local, fetched by Maven the first time
  --help                   this text

Java 17 and, the first time, Maven are needed: Kafka is a real one.
Colours are for terminals; NO_COLOR=1 turns them off.`

/** @throws Error that says which argument is wrong */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      store: { type: 'string', default: 'dynalite' },
      help: { type: 'boolean', default: false },
    },
  })
  const { store, help } = values
  if (store !== 'dynalite' && store !== 'dynamodb-local') {
    throw new Error(`--store is "${store}": expected dynalite or dynamodb-local`)
  }
  return { store, help }
}
