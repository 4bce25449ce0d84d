import * as v from 'valibot'

const text = v.pipe(v.string(), v.nonEmpty('expected a text that is not empty'))

/** The role of the process, as MSK knows it. Nothing secret is configured. */
const byRole = 'aws-msk-iam'

/** How brokers know who connects. No message of ours or valibot's may repeat a password. */
export const saslSchema = v.pipe(
  v.object({
    mechanism: v.picklist(['plain', 'scram-sha-256', 'scram-sha-512', byRole]),
    username: v.optional(text),
    password: v.optional(v.string('expected a text')),
    region: v.optional(text),
  }),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const { mechanism, username, password, region } = dataset.value
    if (mechanism === byRole) {
      if (username === undefined && password === undefined) return { mechanism, region }
      addIssue({ message: `expected neither username nor password: ${byRole} takes the role's` })
      return NEVER
    }
    if (username !== undefined && password !== undefined) return { mechanism, username, password }
    const missing = username === undefined ? 'username' : 'password'
    addIssue({ message: `expected a username and a password; ${missing} is missing` })
    return NEVER
  }),
)
