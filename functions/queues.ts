import { app } from "@azure/functions";
import { invoke } from "./invoke.ts";

const connection = "AzureWebJobsStorage";

app.storageQueue("poll", {
  queueName: "poll",
  connection,
  handler: invoke((wharfgate, body, signal) => wharfgate.poll(body, signal)),
});

app.storageQueue("import", {
  queueName: "import",
  connection,
  handler: invoke((wharfgate, body, signal) => wharfgate.import(body, signal)),
});

app.storageQueue("follow", {
  queueName: "follow",
  connection,
  handler: invoke((wharfgate, body, signal) => wharfgate.follow(body, signal)),
});

app.storageQueue("notify", {
  queueName: "notify",
  connection,
  handler: invoke((wharfgate, body, signal) => wharfgate.notify(body, signal)),
});

app.storageQueue("retention", {
  queueName: "retention",
  connection,
  handler: invoke((wharfgate, body, signal) => wharfgate.retention(body, signal)),
});

for (const queue of ["poll", "import", "follow", "notify", "retention"] as const) {
  app.storageQueue(`bury-${queue}`, {
    queueName: `${queue}-poison`,
    connection,
    handler: invoke((wharfgate, body, signal) => wharfgate.bury(queue, body, signal)),
  });
}
