import { closestName } from './did-you-mean.ts'
import type { Mistake } from './mistake.ts'

/**
 * Mistakes that no single setting shows. They look at the document as it came, so that they are reported
 * together with the others.
 */
export function crossChecks(document: Readonly<Record<string, unknown>>): Mistake[] {
  const subscriptions = objects(document['subscriptions'])
  return [
    ...clustersExist(subscriptions, Object.keys(asObject(document['kafka']))),
    ...unique('subscriptions', 'name', subscriptions),
    ...unique('deployments', 'arn', objects(document['deployments'])),
    ...unique('deployments', 'url', objects(document['deployments'])),
    ...deploymentsNamed(objects(document['deployments'])),
    ...portsDiffer(asObject(document['ingress']), asObject(document['admin'])),
  ]
}

type Loose = Readonly<Record<string, unknown>>

function asObject(input: unknown): Loose {
  return typeof input === 'object' && input !== null ? { ...input } : {}
}

function objects(input: unknown): readonly Loose[] {
  return Array.isArray(input) ? input.map(asObject) : []
}

function clustersExist(subscriptions: readonly Loose[], clusters: readonly string[]): Mistake[] {
  return subscriptions.flatMap(({ source }, index) => {
    const [, cluster] = /^kafka:\/\/([^/]+)\/./.exec(String(source)) ?? []
    if (cluster === undefined || clusters.includes(cluster)) return []
    const meant = closestName(cluster, clusters)
    const hint =
      meant === undefined
        ? `name its brokers in kafka.${cluster}.brokers`
        : `did you mean "${meant}"?`
    const message = `there is no Kafka cluster "${cluster}"; ${hint}`
    return [{ path: `subscriptions[${index}].source`, message }]
  })
}

function unique(list: string, key: string, items: readonly Loose[]): Mistake[] {
  const first = new Map<unknown, number>()
  return items.flatMap((item, index) => {
    const value = item[key]
    if (typeof value !== 'string') return []
    const earlier = first.get(value)
    if (earlier === undefined) {
      first.set(value, index)
      return []
    }
    return [
      { path: `${list}[${index}].${key}`, message: `"${value}" stands at ${list}[${earlier}] too` },
    ]
  })
}

function deploymentsNamed(deployments: readonly Loose[]): Mistake[] {
  return deployments.flatMap((deployment, index) => {
    const isNamedOnce = 'arn' in deployment !== 'url' in deployment
    const message = 'expected either the ARN of a function (arn) or the URL of a server (url)'
    return isNamedOnce ? [] : [{ path: `deployments[${index}]`, message }]
  })
}

function portsDiffer(ingress: Loose, admin: Loose): Mistake[] {
  const [a, b] = [ingress['port'] ?? 8080, admin['port'] ?? 9070]
  if (a !== b || a === 0) return []
  return [{ path: 'admin.port', message: `${String(a)} is the port of the ingress already` }]
}
