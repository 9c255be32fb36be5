import { tellRefusals } from './sweep-stories.ts'

for (const layer of ['requests', 'stores'] as const) tellRefusals(layer)
