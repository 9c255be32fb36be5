import { Stack, Validations } from 'aws-cdk-lib'
import type { IConstruct } from 'constructs'
import { z } from 'zod'

/** Accepts single findings of cdk-nag on a construct. `reasons`: why, by finding. */
export const acknowledge = (construct: IConstruct, reasons: Readonly<Record<string, string>>): void => {
  Validations.of(construct).acknowledge(...Object.entries(reasons).map(([id, reason]) => ({ id, reason })))
}

/** Accepts the finding on each of a policy's resources that contains a `*`. */
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

/** Writes a resource as cdk-nag's findings do, with references of CloudFormation in angle brackets. */
const readable = (resource: unknown): string => {
  if (typeof resource === 'string') return resource
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = Intrinsic.parse(resource)
  if (Ref !== undefined) return `<${Ref}>`
  if (attribute !== undefined) return `<${attribute.join('.')}>`
  if (join !== undefined) return join[1].map(readable).join(join[0])
  return JSON.stringify(resource)
}
