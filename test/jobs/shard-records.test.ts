import { startServices } from '../services.ts'
import { shardRecordsContract } from './shard-records.contract.ts'

shardRecordsContract(startServices)
