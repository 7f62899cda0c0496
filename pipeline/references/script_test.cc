#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/references/reference.h"

namespace skerry::pipeline {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Urls(std::string_view script) {
  std::vector<std::string> urls;
  for (const Reference& reference : ScriptReferences(script)) {
    EXPECT_EQ(script.substr(reference.offset, reference.length), reference.url);
    urls.push_back(reference.url);
  }
  return urls;
}

TEST(ScriptReferencesTest, FindsEveryFormOfImportAndExport) {
  EXPECT_THAT(Urls("import './a.js'\n"
                   "import b, { c as d, 'e e' as f } from \"../b.js\"\n"
                   "import*as g from'/c.js';export{h}from'./d.js';export*as i from './e.js'\n"
                   "export * from './f.js'; import j from './g.json' with { type: 'json' }"),
              ElementsAre("./a.js", "../b.js", "/c.js", "./d.js", "./e.js", "./f.js", "./g.json"));
}

TEST(ScriptReferencesTest, FindsImportCallsAndUrlsOfTheModule) {
  EXPECT_THAT(Urls("f(()=>import('./a.js')); import(`./b.js`); import('./c.json', { with: {} })\n"
                   "new Worker(new URL('d.js', import.meta.url), { type: 'module' })\n"
                   "`${import('./e.js')}`"),
              ElementsAre("./a.js", "./b.js", "./c.json", "d.js", "./e.js"));
}

TEST(ScriptReferencesTest, WhatIsLoadedWithTheScriptIsToldFromWhatMayComeLater) {
  const std::vector<Reference> found =
      ScriptReferences("import './a.js'; import('./b.js'); new URL('c', import.meta.url)");
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].use, Use::kImport);
  EXPECT_EQ(found[1].use, Use::kMention);
  EXPECT_EQ(found[2].use, Use::kMention);
}

TEST(ScriptReferencesTest, NamesThatAreNoUrlsAreLeftToImportMaps) {
  EXPECT_THAT(
      Urls("import 'vue'; import a from '@scope/a.js'; import('node/path'); export * from '#b'"),
      IsEmpty());
  EXPECT_THAT(Urls("import 'https://cdn.example/a.js'"), ElementsAre("https://cdn.example/a.js"));
}

TEST(ScriptReferencesTest, WhatOnlyLooksLikeOneIsNone) {
  EXPECT_THAT(Urls("// import './a.js'\n/* import './b.js' */ 'import(\"./c.js\")'\n"
                   "`import './d.js'`; x = /import('.\\/e.js')['\"]/; o.import('./f.js')\n"
                   "const g = { import: x => x, from: './g.js' }; import('./h' + '.js')\n"
                   "new URL('./i.js', base); new URL('./j.js', import.meta.url + 1)\n"
                   "export const from = './k.js'; import(`./${l}.js`)"),
              IsEmpty());
}

TEST(ScriptReferencesTest, DivisionsAreToldFromRegularExpressions) {
  // Each would hide the import, or make one of a string, if it were read as the other.
  for (const std::string_view before :
       {"a = b / c; d = '/'", "if (a) /'/.test(b)", "f(a) / 2; '/'", "a = {} / 2; '/'",
        "a++ / 2; '/'", "while (/[/'\"]/.test(a)) ;", "function f() {} /'/.test(a)",
        "x = a[0] / 2; '/'", "`${a / 2}/${/'/.test(b)}`", "return_ / 2; '/'", "a.return / 2; '/'",
        "b = () => /`/.test(c)", "case_ = typeof /'/"}) {
    EXPECT_THAT(Urls(std::string(before) + "\nimport('./x.js')"), ElementsAre("./x.js")) << before;
  }
}

TEST(ScriptReferencesTest, EscapesAndScriptsThatDoNotCloseAreLeftAlone) {
  EXPECT_THAT(Urls("import './\\u0061.js'"), IsEmpty());
  for (const std::string_view broken :
       {"import './a.js'; (", "import './a.js'; 'x", "import './a.js' }", "import './a.js'; `${",
        "import './a.js' /* x", "import './a.js"}) {
    EXPECT_THAT(Urls(broken), IsEmpty()) << broken;
  }
}

TEST(ScriptReferencesTest, ASpecifierThatLooksLikeASourceMapIsOneReference) {
  EXPECT_EQ(ReadScript("import '//# sourceMappingURL=a.map'").fragments[0].references.size(), 1u);
}

TEST(ScriptReferencesTest, AServiceWorkerIsNone) {
  EXPECT_THAT(Urls("navigator.serviceWorker.register(new URL('./sw.js', import.meta.url))"),
              IsEmpty());
}

TEST(ScriptReferencesTest, WithoutThemTheRestStandsWhereItStood) {
  const std::string script = "import './a.js'; f('b.js')";
  EXPECT_EQ(WithoutReferences(script, ScriptReferences(script)), "import '      '; f('b.js')");
}

TEST(ScriptReferencesTest, InlineScriptsOfPagesAreRead) {
  const auto urls = [](std::string_view html) {
    std::vector<std::string> found;
    for (const Fragment& fragment : ReadHtml(html).fragments) {
      for (const Reference& reference : fragment.references) found.push_back(reference.url);
    }
    return found;
  };
  EXPECT_THAT(urls("<script type=module>import './a.js'</script><script>import('./b.js')</script>"),
              ElementsAre("./a.js", "./b.js"));
  EXPECT_THAT(urls("<script type=importmap>{\"imports\":{\"a\":\"./a.js\"}}</script>"
                   "<script type=text/x-template>import './a.js'</script>"
                   "<svg><script>import './a.js'</script></svg>"),
              IsEmpty());
}

}  // namespace
}  // namespace skerry::pipeline
