import { defineConfig } from 'vitest/config'
import { CountReporter } from './tools/count-reporter.ts'

// Node knows `import` and `require` by itself. Named here they would also reach the `require` of packages.
const conditions = ['source', 'node']
const seconds = 1_000

/** What needs Java and Maven; each such test says itself when they are missing. */
const integration = ['test/integration/**/*.test.ts', 'test/cdk/policies.test.ts']
/** A whole deployment into an emulated AWS: chapters of one story, after all others, for it takes both hands. */
const deploy = ['test/cdk/deploy.test.ts']
/** What needs the library built, packed and installed. */
const packed = ['test/package-checks/**/*.test.ts']
const contract = ['test/contract/**/*.test.ts']

// biome-ignore lint/style/noProcessEnv: set by whoever runs the tests
const isCi = process.env['CI'] !== undefined

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    expect: { requireAssertions: true },
    // In another order each time, but for the check of a change: that says the same each time it is asked.
    sequence: { shuffle: true, ...(isCi && { seed: 1 }) },
    // One less by default, which on a machine with two cores is half.
    maxWorkers: '100%',
    setupFiles: ['test/support/reproducible.ts'],
    reporters: ['default', new CountReporter()],
    coverage: {
      provider: 'v8',
      include: ['orchestrator/src/domain/**/*.ts', 'lambda-runtime/src/protocol/**/*.ts'],
      reporter: [['text', { skipFull: true }], 'html'],
      thresholds: { perFile: true, statements: 100, branches: 100, functions: 100, lines: 100 },
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          // Not how long a test should take, but when it hangs: machines are slow at times.
          testTimeout: 180 * seconds,
          hookTimeout: 180 * seconds,
          include: ['test/**/*.test.ts'],
          exclude: ['**/node_modules/**', ...contract, ...integration, ...packed, ...deploy],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'contract',
          include: contract,
          testTimeout: 180 * seconds,
          hookTimeout: 120 * seconds,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'packed',
          include: packed,
          testTimeout: 120 * seconds,
          hookTimeout: 180 * seconds,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: integration,
          testTimeout: 180 * seconds,
          hookTimeout: 180 * seconds,
          fileParallelism: false,
          // Its tests run side by side, and then assertions are counted for whichever test began last.
          expect: { requireAssertions: false },
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'deploy',
          include: deploy,
          testTimeout: 600 * seconds,
          hookTimeout: 600 * seconds,
          sequence: { groupOrder: 3, shuffle: false },
        },
      },
    ],
  },
})
