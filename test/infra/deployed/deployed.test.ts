import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FUNCTIONS } from '../../../infra/functions.ts'
import { DeployedTest, MIB } from './deployed-test.ts'
import { type Allowed, matching } from './policy.ts'
import { failures } from './scenarios/failures.ts'
import { otherRoutes } from './scenarios/other-routes.ts'
import { roundTrip } from './scenarios/round-trip.ts'
import { schedules } from './scenarios/schedules.ts'
import { bundlesOf } from './template.ts'
import { obsoleteReasons, reasonFor } from './unused-permissions.ts'

const test = new DeployedTest()
beforeAll(() => test.start(), 180_000)
afterAll(() => test.deployment.stop())

describe('the synthesized deployment', () => {
  it('has bundles of less than 2 MiB, each of which loads on its own', async () => {
    const { synthesized } = test.deployment
    for (const { name, file } of bundlesOf(synthesized)) {
      expect(await test.deployment.function(name).loaded, name).toBeGreaterThan(0)
      expect((await stat(join(synthesized.outdir, file))).size, name).toBeLessThan(2 * MIB)
    }
  })

  roundTrip(test)
  otherRoutes(test)
  failures(test)
  schedules(test)

  it('logs no payloads, blobs or signed URLs', () => {
    const logs = [...test.deployment.functions.values()].map(({ log }) => log).join('')
    expect(logs).toContain('"message":"a job failed"')
    expect(logs).toContain('"JobSucceeded":1')
    for (const secret of ['X-Amz-Signature', 'X-Amz-Credential', 'North', 'theirs', 'a lion', 'la"', 'long long'])
      expect(logs).not.toContain(secret)
  })

  it.each(FUNCTIONS.map(({ name }) => name))('allows %s every call that it makes', (name) => {
    const denied = test.deployment.needs(name).filter((need) => !test.deployment.isAllowed(name, need))
    expect(denied).toEqual([])
  })

  const unusedPermissions = (name: string): Allowed[] => {
    const needs = test.deployment.needs(name)
    return test.deployment.allowed(name).filter((one) => !needs.some((need) => matching([one], need).length > 0))
  }

  it.each(FUNCTIONS.map(({ name }) => name))('allows %s nothing that it does not need', (name) => {
    expect(unusedPermissions(name).filter((one) => reasonFor(name, one) === undefined)).toEqual([])
  })

  it('needs every reason in the list of unused permissions', () => {
    const unused = FUNCTIONS.flatMap(({ name }) => unusedPermissions(name).map((one) => [name, one] as const))
    expect(obsoleteReasons(unused)).toEqual([])
  })
})
