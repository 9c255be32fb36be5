import { afterAll, beforeAll, describe, it } from 'vitest'
import { DeployTest } from './deploy-test.ts'
import { callers } from './scenarios/callers.ts'
import { deadLetters } from './scenarios/dead-letters.ts'
import { calledFunctions } from './scenarios/called-functions.ts'
import { distributedMaps } from './scenarios/distributed-maps.ts'
import { otherRoutes } from './scenarios/other-routes.ts'
import { redeployment } from './scenarios/redeployment.ts'
import { roundTrip } from './scenarios/round-trip.ts'
import { secondRegion } from './scenarios/second-region.ts'
import { stoppedJobs } from './scenarios/stopped-jobs.ts'
import { triggers } from './scenarios/triggers.ts'

let started: DeployTest | undefined
const test = (): DeployTest => {
  if (started === undefined) throw new Error('the emulator has not been started')
  return started
}
beforeAll(async () => {
  started = await DeployTest.start()
})
afterAll(() => started?.stop())

// The scenarios use one deployment, so the order matters: later scenarios change and delete it.
it('deploys both stacks to a new account', async ({ skip }) => {
  const { isDeployed, main } = test()
  skip(isDeployed, 'an earlier test deployed the app')
  await main.bootstrap()
  await main.deploy()
})
describe('the API', () => {
  callers(test)
})
describe('an export and its restores', () => {
  roundTrip(test)
})
describe('another route', () => {
  otherRoutes(test)
})
describe('a trigger', () => {
  triggers(test)
})
describe('a failed event', () => {
  deadLetters(test)
})
describe('a job that is stopped', () => {
  stoppedJobs(test)
})
describe('a distributed map', () => {
  distributedMaps(test)
})
describe('the functions', () => {
  calledFunctions(test)
})
describe('a deployment that is in use', () => {
  redeployment(test)
})
describe('a deployment in a second region', () => {
  secondRegion(test)
})
