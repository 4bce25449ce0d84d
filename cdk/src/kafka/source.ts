import { ValidationError } from '../validation-error.ts'

/** The two parts of `kafka://<cluster>/<topic>`. @throws ValidationError */
export function parseSource(source: string): { cluster: string; topic: string } {
  const [, cluster, topic] = /^kafka:\/\/([A-Za-z0-9_-]+)\/([A-Za-z0-9._-]+)$/.exec(source) ?? []
  if (cluster !== undefined && topic !== undefined) return { cluster, topic }
  throw new ValidationError(`"${source}" is no source: expected kafka://<cluster>/<topic>`)
}
