import { expect, it } from 'vitest'
import { FUNCTIONS } from '../../../infra/functions.ts'
import { findLogMessages } from '../aws/logs.ts'
import type { DeployTest } from '../deploy-test.ts'

/** These functions run only if another program creates a resource while a restore creates it. */
const UNCALLED = ['plan-rollback', 'rollback']

/** What the logs of all functions contain after the other scenarios. */
export const calledFunctions = (test: () => DeployTest): void => {
  it('were all called by the other scenarios, except those of the rollback', async () => {
    expect(await functionsWith(test(), 'START RequestId')).toEqual(
      FUNCTIONS.map(({ name }) => name).filter((name) => !UNCALLED.includes(name)),
    )
  })

  it('were denied no call', async () => {
    expect(await functionsWith(test(), 'AccessDenied')).toEqual([])
    expect(await functionsWith(test(), 'not authorized')).toEqual([])
  })
}

/** Returns the functions whose logs contain `text`. */
const functionsWith = async ({ main }: DeployTest, text: string): Promise<string[]> => {
  const found: string[] = []
  for (const { name } of FUNCTIONS) {
    const messages = await findLogMessages(main.requests, { functionName: `${main.name}-${name}`, text })
    if (messages.length > 0) found.push(name)
  }
  return found
}
