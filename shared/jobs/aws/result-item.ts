import { Problem } from '../../problems/problem.ts'
import { type Item, keyAttributes } from '../../tables/item.ts'
import type { ResultName } from '../stage.ts'

export const resultKey = (jobId: string, stage: ResultName, n: number, pass: number): Item =>
  keyAttributes({ pk: `job#${jobId}`, sk: `result#${stage}#${itemKey(n)}#${pass.toString().padStart(3, '0')}` })

export const itemKey = (n: number): string => n.toString().padStart(5, '0')

export const failureKey = (jobId: string, errorName: string): Item =>
  keyAttributes({ pk: `job#${jobId}`, sk: `failure#${errorName}` })

export const problemIn = (item: Item): Problem => Problem.parse(JSON.parse(item['problem']?.S ?? ''))

export const resultIn = (item: Item): unknown => JSON.parse(item['result']?.S ?? 'null')
