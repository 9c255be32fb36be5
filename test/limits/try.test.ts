import { it, expect } from 'vitest'
import { LimitedStore, type LimitedJob } from './limited-store.ts'
import type { Job } from '../../shared/jobs/job.ts'
import { usageTable } from './figures.ts'
const N = Number
const env = process.env
const total = (j: LimitedJob<Job>) => { if (env.TOTAL) console.log(j.usage.filter(u=>u.used>100 && !u.name.startsWith('partition')).map(u=>`${u.stage} ${u.name} ${u.used.toFixed(0)}`).join('\n')) }
const show = (name: string, j: LimitedJob<Job>) => {
  total(j)
  const multi = j.invocations.filter((i) => i.attempts !== 1)
  const errs = new Map<string, number>()
  for (const i of j.invocations) for (const e of i.errors) { const k = `${i.stage} ${e.slice(0, 140)}`; errs.set(k, (errs.get(k) ?? 0) + 1) }
  console.log(`${name}: ${j.job.status} ${j.seconds.toFixed(1)} s, invocations ${j.invocations.length}, passes ${j.invocations.filter(i=>i.isPass).length}, stored ${j.storedResults}, repeated ${multi.length}, refused by lambda ${j.refusedInvocations} ${JSON.stringify(j.job.error)?.slice(0,400)}\n${[...errs].map(([k, v]) => `${v} × ${k}`).join('\n')}\n${usageTable(j.usage)}`)
}
it('try', async () => {
  const store = await LimitedStore.start({
    dynamodb: { partitionUnits: N(env.PART ?? 86), tableUnits: N(env.TABLE ?? 345), writeCost: N(env.WC ?? 0.5), creditSeconds: 1, latencyMs: 5 },
    s3: { writesPerSecond: N(env.S3W ?? 10000), readsPerSecond: N(env.S3R ?? 10000), latencyMs: 20 },
    children: N(env.CHILDREN ?? 64), functions: N(env.FUNCTIONS ?? 1000),
    limits: { rangeBytes: N(env.RANGE ?? 40_000), blobsPerRange: N(env.BPR ?? 10) },
    ...(env.MODELS === undefined ? {} : { models_file: env.MODELS }),
  })
  try {
    await store.fill({ resources: N(env.RES ?? 6000), blobBytes: N(env.BLOB ?? 10_000_000) })
    const before = await store.contents()
    console.log('items', before.items.size, 'objects', before.objects.size)
    const e = await store.export()
    show('export', e)
    if (e.job.status !== 'succeeded') return
    await store.wipe()
    const r = await store.restore(e.job)
    show('restore', r)
    console.log(JSON.stringify(r.job.result).slice(0, 600))
    const after = await store.contents()
    console.log('items', after.items.size, 'objects', after.objects.size)
  } finally { await store.stop() }
}, 600_000)
