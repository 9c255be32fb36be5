import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation'
import { credentialsOf } from './credentials.ts'
import type { Settings } from './settings.ts'

const STACK = 'CDKToolkit'
const OUTPUT = 'BootstrapVersion'

/** Returns the version of the bootstrap of CDK in the region, or undefined if CDK was not bootstrapped there. */
export const bootstrapVersion = async (
  settings: Pick<Settings, 'profile'> & { readonly region: string },
): Promise<number | undefined> => {
  const client = new CloudFormationClient({ region: settings.region, credentials: credentialsOf(settings) })
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: STACK }))
    const output = Stacks[0]?.Outputs?.find(({ OutputKey }) => OutputKey === OUTPUT)
    return output?.OutputValue === undefined ? undefined : Number(output.OutputValue)
  } catch (error) {
    if (error instanceof Error && error.name === 'ValidationError') return undefined
    throw error
  } finally {
    client.destroy()
  }
}
