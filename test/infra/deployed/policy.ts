import * as z from 'zod'
import type { Intrinsics } from './intrinsics.ts'
import type { Template } from './template.ts'

/** An action on a resource, which a call needs. */
export interface Need {
  readonly action: string
  readonly resource: string
}

/** An action that a policy allows on all resources that match a pattern. */
export interface Allowed {
  readonly action: string
  readonly pattern: string
}

const Texts = z.union([z.string().transform((one) => [one]), z.array(z.string())])
const Statement = z.strictObject({
  Effect: z.literal('Allow'),
  Action: Texts,
  Resource: Texts,
  Sid: z.string().optional(),
})

/** Everything that the policies of a role allow. Throws for statements with conditions and for denials. */
export const allowedBy = (template: Template, intrinsics: Intrinsics, roleId: string): Allowed[] =>
  Object.values(template.Resources).flatMap(({ Type, Properties }) => {
    if (Type !== 'AWS::IAM::Policy' && Type !== 'AWS::IAM::ManagedPolicy') return []
    const roles = z.array(z.object({ Ref: z.string() })).parse(Properties['Roles'])
    if (!roles.some(({ Ref }) => Ref === roleId)) return []
    const { Statement: statements } = z
      .object({ Statement: z.array(Statement) })
      .parse(intrinsics.resolve(Properties['PolicyDocument']))
    return statements.flatMap(({ Action, Resource }) =>
      Action.flatMap((action) => Resource.map((pattern) => ({ action, pattern }))),
    )
  })

/** The permissions that cover a need. */
export const matching = (allowed: readonly Allowed[], { action, resource }: Need): Allowed[] =>
  allowed.filter((one) => one.action === action && matches(one.pattern, resource))

/** `*` matches any text, as in IAM. */
const matches = (pattern: string, resource: string): boolean => {
  const [first = '', ...rest] = pattern.split('*')
  if (rest.length === 0) return first === resource
  if (!resource.startsWith(first)) return false
  let at = first.length
  for (const [k, part] of rest.entries()) {
    if (k === rest.length - 1) return resource.length - part.length >= at && resource.endsWith(part)
    const found = resource.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  return true
}
