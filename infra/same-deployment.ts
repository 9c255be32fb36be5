import { Annotations, Stack, Token } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import { SettingsError } from './settings.ts'

/**
 * Checks that no other construct of the app has the same deployment in the same account and region, because their
 * tables, buckets and functions would have the same names. Throws `SettingsError` if there is one. If the account or
 * the region of a stack is unknown, adds a warning instead.
 */
export const checkSameDeployment = (construct: Construct, deployment: string, others: readonly Construct[]): void => {
  for (const other of others) {
    const relation = environmentsOf(construct, other)
    const both = `deployment: ${JSON.stringify(deployment)} is also the deployment of ${other.node.path}`
    const names = 'their tables, buckets and functions would have the same names'
    if (relation === 'same')
      throw new SettingsError([
        `${both}, in the same account and region, and ${names}; set another deployment for one of them`,
      ])
    if (relation === 'unknown')
      Annotations.of(construct).addWarningV2(
        `specstar:same-deployment-${deployment}`,
        `${both}. If both are deployed in the same account and region, ${names}. ` +
          'Set another deployment for one of them, or set the property env of their stacks to different environments.',
      )
  }
}

/** Compares the accounts and regions of the stacks of two constructs. */
const environmentsOf = (one: Construct, other: Construct): 'same' | 'different' | 'unknown' => {
  const [a, b] = [Stack.of(one), Stack.of(other)]
  if (a === b) return 'same'
  const pairs = [
    [a.account, b.account],
    [a.region, b.region],
  ] as const
  const isKnown = ([x, y]: readonly [string, string]): boolean => !Token.isUnresolved(x) && !Token.isUnresolved(y)
  if (pairs.some((pair) => isKnown(pair) && pair[0] !== pair[1])) return 'different'
  return pairs.every(isKnown) ? 'same' : 'unknown'
}
