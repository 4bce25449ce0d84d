import fc from 'fast-check'

// A check of a change says the same each time it is asked; elsewhere every run looks at other examples.
// biome-ignore lint/style/noProcessEnv: set by whoever runs the tests
if (process.env['CI'] !== undefined) fc.configureGlobal({ seed: 20_261_122 })
