/** Roles as an emulator of AWS keeps them, and what it says they may do. */
import { send } from './aws.ts'
import { type Question, roleArn } from './permissions.ts'

export async function roleIn(
  endpoint: string,
  name: string,
  documents: readonly object[],
): Promise<void> {
  const trust = { Version: '2012-10-17', Statement: [] }
  await iam(endpoint, {
    Action: 'CreateRole',
    RoleName: name,
    AssumeRolePolicyDocument: JSON.stringify(trust),
  })
  for (const [index, document] of documents.entries()) {
    await iam(endpoint, {
      Action: 'PutRolePolicy',
      RoleName: name,
      PolicyName: `policy-${index}`,
      PolicyDocument: JSON.stringify(document),
    })
  }
}

/** `allowed` or `implicitDeny`, by actions and resources alone. */
export async function simulate(
  endpoint: string,
  { role, action, resource }: Question,
): Promise<string> {
  const answer = await iam(endpoint, {
    Action: 'SimulatePrincipalPolicy',
    PolicySourceArn: roleArn(role).replace(/\d{12}/, '000000000000'),
    'ActionNames.member.1': action,
    'ResourceArns.member.1': resource,
  })
  return /<EvalDecision>(\w+)<\/EvalDecision>/.exec(answer)?.[1] ?? answer
}

function iam(endpoint: string, form: Readonly<Record<string, string>>): Promise<string> {
  return send(endpoint, {
    service: 'iam',
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ ...form, Version: '2010-05-08' }).toString(),
  })
}
