"""Vocabulary for made-up repositories. Plain data: changing it changes every world."""

ADJECTIVES = (
    "amber bold brisk calm clear cloud cobalt copper crisp dark deep delta dusty early echo fast "
    "fern final flint fresh frost gold green grey hidden idle iron ivory keen kind lazy light "
    "lucid lunar mellow misty modern noble north nova oaken open pale plain polar prime quick "
    "quiet rapid red river royal rustic sharp silent silver slow solar solid stark steel swift "
    "tidal tiny true urban vivid warm wild wise"
).split()

NOUNS = (
    "anchor atlas badger beacon birch bridge canyon castle cedar comet compass coral crane cube "
    "dock dune engine falcon fern field forge fox garden gate glacier grove harbor hawk heron "
    "hill island kite lake lantern ledger lynx maple meadow mesa mill moon orbit otter owl "
    "panda peak pebble pier pine pond prism quarry raven reef ridge river rocket root sail "
    "shore spark spruce stone tiger tower trail valley vault wave willow wolf"
).split()

PARTS = (
    "operator controller dashboard exporter proxy gateway scheduler agent cli sdk toolkit "
    "examples workshop tutorial handbook playground starter template charts manifests plugin "
    "provider runner builder registry mesh monitor backup autoscaler policy secrets cache queue "
    "client server bench notes demo lab kit hub bot sync watch lens trace metrics logs"
).split()

TAGS = (
    "devops cloud-native cli automation infrastructure-as-code security monitoring microservices "
    "ci-cd gitops helm serverless hacktoberfest linux containers networking database tutorial "
    "awesome-list api machine-learning service-mesh self-hosted platform-engineering"
).split()

PURPOSES = (
    "A small {noun} for {topic} clusters",
    "Everything you need to run {topic} in production",
    "{topic} {part} written with care",
    "Production-grade {topic} {part}: fast, simple, boring",
    "My notes on {topic}",
    "Yet another {part} for {topic}",
    "Curated list of {topic} resources, talks and papers",
    "Learn {topic} the hard way",
    "🚀 {topic} {part} in one command",
    "⎈ Batteries-included {part} for {topic} — with dashboards 📈",
    "面向 {topic} 的轻量级 {part} 工具",
    "{topic} をもっと簡単に使うための {part}",
    "Инструменты для {topic}: {part}",
    "Outil de {part} pour {topic}, léger et éprouvé",
    'The "quick" {part} & <friends> for {topic}\\{noun}',
    "مجموعة أدوات {topic}",
    "👩‍💻 {noun}: {topic} {part} for teams of one",
    "Exam preparation: {topic}",
    "Terraform modules and {part} for {topic}",
    "Deprecated, see the successor project",
)

# (name, weight); None is a repository whose language GitHub could not tell.
LANGUAGES = (
    ("Go", 30), ("Python", 16), ("Shell", 12), (None, 11), ("TypeScript", 7), ("JavaScript", 6),
    ("Java", 6), ("HCL", 4), ("Rust", 3), ("Smarty", 2), ("C#", 2), ("Ruby", 2), ("Makefile", 2),
    ("Jsonnet", 1), ("Mustache", 1), ("C++", 1), ("Jupyter Notebook", 1), ("HTML", 1),
    ("Dockerfile", 1), ("Vim Script", 1),
)

# (key, name, spdx_id, node_id, weight); None is a repository without a licence.
LICENSES = (
    (None, 34),
    (("apache-2.0", "Apache License 2.0", "Apache-2.0", "MDc6TGljZW5zZTI="), 32),
    (("mit", "MIT License", "MIT", "MDc6TGljZW5zZTEz"), 24),
    (("gpl-3.0", "GNU General Public License v3.0", "GPL-3.0", "MDc6TGljZW5zZTk="), 4),
    (("bsd-3-clause", 'BSD 3-Clause "New" or "Revised" License', "BSD-3-Clause",
      "MDc6TGljZW5zZTU="), 2),
    (("other", "Other", "NOASSERTION", "MDc6TGljZW5zZTA="), 4),
)
