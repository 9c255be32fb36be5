import type { Environment } from 'aws-cdk-lib'
import { rm } from 'node:fs/promises'
import { afterAll } from 'vitest'
import { EVENTS, type RateNumbers } from '../../../functions/events.ts'
import { type Resource, type Synthesized, synthesize, type Template } from '../deployed/template.ts'

export const BUCKET = 'AWS::S3::Bucket'
export const TABLE = 'AWS::DynamoDB::GlobalTable'

type Synthesizer = (settings?: object, env?: Environment) => Promise<Synthesized>

/**
 * Returns a function that synthesizes the deployment with these settings, by default with those of `cdk.json`. The
 * written files are deleted after the tests of the calling file.
 */
export const synthesizer = (): Synthesizer => {
  const outdirs: string[] = []
  afterAll(() => Promise.all(outdirs.map((outdir) => rm(outdir, { recursive: true, force: true }))))
  return async (settings, env) => {
    const synthesized = await synthesize({
      ...(settings === undefined ? {} : { settings }),
      ...(env === undefined ? {} : { env }),
    })
    outdirs.push(synthesized.outdir)
    return synthesized
  }
}

/** Returns the resources of a type with their logical ids. */
export const resourcesOf = (template: Template, type: string): [string, Resource][] =>
  Object.entries(template.Resources).filter(([, { Type }]) => Type === type)

/**
 * The rates of the table of events that the settings need, as expressions of EventBridge Scheduler, and the hours
 * between two runs.
 */
export const ratesFor = (settings: RateNumbers): [string, number][] =>
  EVENTS.flatMap(({ trigger }) =>
    trigger.type === 'rate' && trigger.isNeeded(settings) ? [[rateExpression(trigger.hours), trigger.hours]] : [],
  )

const rateExpression = (hours: number): string => {
  const [count, unit] = hours % 24 === 0 ? [hours / 24, 'day'] : [hours, 'hour']
  return `rate(${count} ${unit}${count === 1 ? '' : 's'})`
}
