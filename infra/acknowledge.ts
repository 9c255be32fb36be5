import { Stack, Validations } from 'aws-cdk-lib'
import type { IConstruct } from 'constructs'
import * as z from 'zod'

/** Accepts findings of cdk-nag on a construct. `reasons` maps the id of each finding to the reason. */
export const acknowledge = (construct: IConstruct, reasons: Readonly<Record<string, string>>): void => {
  Validations.of(construct).acknowledge(...Object.entries(reasons).map(([id, reason]) => ({ id, reason })))
}

/** Accepts cdk-nag's finding on each resource of a policy that contains a `*`. */
export const acknowledgeWildcards = (policy: IConstruct, resources: readonly string[], reason: string): void => {
  for (const resource of resources)
    if (resource.includes('*'))
      acknowledge(policy, { [`AwsSolutions-IAM5[Resource::${readable(Stack.of(policy).resolve(resource))}]`]: reason })
}

const Intrinsic = z.object({
  Ref: z.string().optional(),
  'Fn::GetAtt': z.array(z.string()).optional(),
  'Fn::Join': z.tuple([z.string(), z.array(z.unknown())]).optional(),
})

/** Formats a resource as the ids of cdk-nag's findings do: CloudFormation references are in angle brackets. */
const readable = (resource: unknown): string => {
  if (typeof resource === 'string') return resource
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = Intrinsic.parse(resource)
  if (Ref !== undefined) return `<${Ref}>`
  if (attribute !== undefined) return `<${attribute.join('.')}>`
  if (join !== undefined) return join[1].map(readable).join(join[0])
  return JSON.stringify(resource)
}
